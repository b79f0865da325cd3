"""The page's containers, in JavaScript, do byte for byte what Python's do."""

import os
import shutil
import subprocess

import pytest

from tests.web import container_vectors


@pytest.mark.skipif(not shutil.which("node"), reason="needs node, which runs the page's modules")
def test_javascript_does_what_python_does(tmp_path):
    container_vectors.write(tmp_path)
    command = ["node", "--test", "tests/web/containers.test.mjs"]
    ran = subprocess.run(command, env=os.environ | {"VECTORS": str(tmp_path)}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
