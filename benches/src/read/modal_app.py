import modal

app = modal.App("llm-server")


@app.function(gpu="H100:2", scaledown_window=300, min_containers=1, serialized=True)
def run():
    return {}


print(app.name, app.registered_functions)
