import fal


class LlmServer(fal.App, name="llm-server", keep_alive=300, min_concurrency=1):
    machine_type = "GPU-H100"
    num_gpus = 2

    @fal.endpoint("/")
    def run(self) -> dict:
        return {}


print(LlmServer.machine_type, LlmServer.num_gpus, LlmServer.host_kwargs)
