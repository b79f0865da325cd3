"""Where the time of a TFLite decoder goes, operator by operator: `python -m export.profile exports/crayon_edge`."""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from export.cards import read_file
from training.command import ArgumentParser, median_time, positive, run
from training.outputs import result_file


def main(argv):
    """Times every prefix of a decoder's operators, and prints what each kind of operator adds.

    Each prefix is a file of its own that ends after one operator and is run as an application would, on the default
    delegate: fused and delegated operators are timed as what they are. No prefix takes longer than a longer one: what
    it seems to take more is the writing of what is no output of the whole, and is left out.
    """
    parser = ArgumentParser(prog="python -m export.profile", description=main.__doc__)
    parser.add_argument("export", type=Path, help="folder that `python -m export` wrote")
    parser.add_argument("--precision", default="int8", help="which of its decoders")
    parser.add_argument("--threads", type=positive, default=2, help="number of threads")
    parser.add_argument("--repeats", type=positive, default=20, help="runs of each prefix; the median counts")
    parser.add_argument("--results", type=result_file, default="results/profile-edge.json", help="result file")
    arguments = parser.parse_args(argv)
    card, path = read_file(arguments.export, arguments.precision)

    from training.result_files import listing, write_results

    level = card.get("level", 0)
    timed = ((name, _latency(content, arguments, level)) for name, content in prefixes(path.read_bytes()))
    names, until = zip(*timed, strict=True)
    until = np.minimum.accumulate(until[::-1])[::-1]
    added = defaultdict(list)
    for name, ms in zip(names, np.diff(until, prepend=0), strict=True):
        added[name].append(ms)
    rows = [
        {"name": name, "metrics": {"operators": len(each), "ms": sum(each), "share": sum(each) / until[-1]}}
        for name, each in sorted(added.items(), key=lambda item: -sum(item[1]))
    ]
    print(listing(rows, ["operators", "ms", "share"]))
    write_results(arguments.results, "python -m export.profile " + " ".join(argv), rows, card=card, total_ms=until[-1])
    print(f"written: {arguments.results}")
    return 0


def prefixes(content):
    """Yields (operator name, TFLite file that ends after it) for each operator of a TFLite file."""
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    model.signatureDefs = []
    graph, operators = model.subgraphs[0], model.subgraphs[0].operators
    for count, operator in enumerate(operators, 1):
        graph.operators = operators[:count]
        # All that is not yet used is an output, or else it would not be computed.
        produced, used = (
            {int(i) for op in graph.operators for i in getattr(op, side)} for side in ("outputs", "inputs")
        )
        graph.outputs = np.array(sorted(produced - used), np.int32)
        code = model.operatorCodes[operator.opcodeIndex]
        name = names[flatbuffer_utils.get_builtin_code_from_operator_code(code)]
        yield name, flatbuffer_utils.convert_object_to_bytearray(model)


def _latency(content, arguments, level):
    """Median time in ms of one run, without copies of inputs and outputs; of an auto-encoder at this level."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=bytes(content), num_threads=arguments.threads)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        value = level if "level" in detail["name"] else 128
        interpreter.set_tensor(detail["index"], np.full(detail["shape"], value, np.uint8))
    return 1000 * median_time(interpreter.invoke, arguments.repeats, warm_up=2)


if __name__ == "__main__":
    sys.exit(run(main))
