# Runs commands of the reference tool, each in a process of its own, without starting Python each time.
# One request a line on standard input, its exit code and what it said on standard output, all as JSON.
import json
import os
import sys
import tempfile
import traceback

import requests


def offline(*_, **__):
    raise requests.exceptions.ConnectionError("tests have no network")


requests.get = offline

from ascmhl.__version__ import ascmhl_tool_version  # noqa: E402
from ascmhl.cli.ascmhl import mhltool_cli  # noqa: E402
from ascmhl.cli.ascmhl_debug import mhldebugtool_cli  # noqa: E402


def run(said, name, arguments):
    code = 0
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        os.chdir("/")
        tool = mhldebugtool_cli if name == "ascmhl-debug" else mhltool_cli
        tool.main(args=arguments, prog_name=name)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


print(ascmhl_tool_version, flush=True)
for line in sys.stdin:
    name, arguments = json.loads(line)
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            run(said, name, arguments)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        print(json.dumps([code, said.read().decode(errors="replace")]), flush=True)
