import runpod


def handler(event):
    return {}


print(runpod.__version__, {"handler": handler.__name__, "gpu": "NVIDIA H100 80GB HBM3", "gpus": 2})
