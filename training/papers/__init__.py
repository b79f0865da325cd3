"""The tables and figures of each paper, its values beside ours."""
