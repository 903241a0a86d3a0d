"""Reads rendered projects as the client of fal does, and says what it understood.

    check.py FOLDER...

The answer is a line of JSON a folder. A folder is named as its app.
"""

import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from fal.cli._utils import get_app_data_from_toml
from fal.project import find_project_root

for folder in sys.argv[1:]:
    os.chdir(folder)
    find_project_root.cache_clear()
    app = get_app_data_from_toml(Path(folder).name)
    host = dict(app.options.host)
    check = host.pop("health_check_config", None)
    # The image that another one is made from, with variables.
    image = app.options.environment["image"]
    variables = []
    if "dockerfile_str" in image:
        base, *instructions = image["dockerfile_str"].split("\n")
        image = {"image": base.removeprefix("FROM ")}
        variables = [instruction.removeprefix("ENV ") for instruction in instructions if instruction]
    answer = {
        **host,
        **app.options.gateway,
        "health_check": asdict(check)["path"] if check else None,
        "image": image["image"],
        "env": dict(shlex.split(variable)[0].split("=", 1) for variable in variables),
        "reset": app.reset_scale,
    }
    print(json.dumps(answer))
