"""The list of models, as it is printed."""


def test_listing(capsys):
    from zoo.__main__ import main

    assert main([]) == 0
    assert "24,109,572     138    320x320  luma, hints" in capsys.readouterr().out
