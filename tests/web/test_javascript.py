"""The page's JavaScript by itself, in node: it does byte for byte what Python's modules do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.web import codec_vectors, container_vectors


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node, which runs the page's modules")
@pytest.mark.parametrize(
    ("script", "vectors"),
    [("codec", codec_vectors), ("containers", container_vectors), ("units", None)],
)
def test_the_page_in_node(script, vectors, tmp_path):
    if vectors:
        vectors.write(tmp_path)
    command = ["node", "--test", str(Path(__file__).with_name(f"{script}.test.mjs"))]
    ran = subprocess.run(command, env={**os.environ, "VECTORS": str(tmp_path)}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
