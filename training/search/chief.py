"""KerasTuner's chief and workers: several processes, on one machine or on many, run the trials of one search.

KerasTuner's own chief waits for ever for a worker that was killed. This one hears of every trial each few seconds; one
that it has not heard of for a while is given to the next worker that asks.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent import futures

import grpc
import keras_tuner
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer

from training.command import CommandError


class Servicer(OracleServicer):
    """What workers ask for; remembers when each was last heard of, and lets none end while there may be work."""

    def __init__(self, oracle, budget):
        super().__init__(oracle)
        self.budget = budget
        self.heard = dict.fromkeys(oracle.ongoing_trials, time.monotonic())

    def CreateTrial(self, request, context):
        self.heard[request.tuner_id] = time.monotonic()
        self.budget.check(self.oracle)
        response = super().CreateTrial(request, context)
        if self.stop_triggered and self.oracle.ongoing_trials:
            # The trial of another worker may come back: ask again.
            self.stop_triggered = False
            idle = keras_tuner.engine.trial.Trial.from_proto(response.trial)
            idle.status = "IDLE"
            return protos.get_service().CreateTrialResponse(trial=idle.to_proto())
        return response

    def GetTrial(self, request, context):
        for worker, trial in list(self.oracle.ongoing_trials.items()):
            if trial.trial_id == request.trial_id:
                self.heard[worker] = time.monotonic()
        return super().GetTrial(request, context)

    def EndTrial(self, request, context):
        trial_id = request.trial.trial_id
        if all(trial.trial_id != trial_id for trial in self.oracle.ongoing_trials.values()):
            return protos.get_service().EndTrialResponse()  # of a worker thought lost, ended by another
        response = super().EndTrial(request, context)
        self.budget.account(self.oracle, self.oracle.trials[trial_id])
        return response


@keras_tuner.synchronized
def give_up_lost(oracle, heard, seconds):
    """Ends the trials of workers not heard of for so long, so that they are tried again; forgets these workers."""
    silent = [worker for worker, when in heard.items() if time.monotonic() - when > seconds]
    for worker in silent:
        trial = oracle.ongoing_trials.get(worker)
        if trial is not None:
            print(f"{worker} is lost: trial {trial.trial_id} goes to another worker", flush=True)
            trial.status, trial.message = "INVALID", f"{worker} was lost"
            oracle.end_trial(trial)
        oracle.tuner_ids.discard(worker)
        del heard[worker]


def serve(oracle, budget, lost):
    """Gives trials to workers until there are none left and every worker knows it, or is lost.

    After `lost` seconds without a word from it a worker's trial is given to another. The budget is a
    `training.search.tuner.Budget`.
    """
    address = f"{os.environ['KERASTUNER_ORACLE_IP']}:{os.environ['KERASTUNER_ORACLE_PORT']}"
    # One thread: what workers ask for is answered one after the other.
    server, servicer = grpc.server(futures.ThreadPoolExecutor(max_workers=1)), Servicer(oracle, budget)
    protos.get_service_grpc().add_OracleServicer_to_server(servicer, server)
    try:
        server.add_insecure_port(address)
    except RuntimeError:
        raise CommandError(f"cannot listen on {address}: choose another KERASTUNER_ORACLE_PORT") from None
    server.start()
    print(f"chief: waiting for workers at {address}", flush=True)
    while not (servicer.stop_triggered and not oracle.ongoing_trials and not oracle.tuner_ids):
        time.sleep(0.5)
        give_up_lost(oracle, servicer.heard, lost)
    server.stop(grace=5).wait()


def launch(argv, count):
    """Runs a chief and so many workers on this machine until all trials are done; gives the exit code.

    If a worker dies, the others do its trial. If none is left, or the chief dies, all are ended, and the search can be
    resumed.
    """
    argv = [*_without_workers(argv), *([] if "--resume" in argv else ["--resume"])]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    threads = str(max(1, (os.cpu_count() or 1) // count))
    began, processes = time.monotonic(), {}
    for role in ("chief", *(f"worker-{number}" for number in range(count))):
        environment = {
            **os.environ,
            "KERASTUNER_TUNER_ID": role,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": str(port),
            "TF_NUM_INTRAOP_THREADS": threads,
        }
        processes[role] = subprocess.Popen([sys.executable, "-m", "training.tune", *argv], env=environment)
        print(f"{role}: process {processes[role].pid}", flush=True)
    chief = processes.pop("chief")
    try:
        while chief.poll() is None:
            time.sleep(0.5)
            for role, process in list(processes.items()):
                if process.poll() is not None:
                    del processes[role]
                    if process.returncode:
                        print(f"{role} ended with {process.returncode}", flush=True)
            if not processes and not _ends(chief):
                raise CommandError("no worker is left: go on with the same command and --resume")
        if chief.returncode:
            raise CommandError(f"the chief ended with {chief.returncode}: go on with the same command and --resume")
    finally:
        for process in (chief, *processes.values()):
            if process.poll() is None and not _ends(process):
                process.send_signal(signal.SIGTERM)
                process.wait()
    print(f"{count} workers: {time.monotonic() - began:.0f} s", flush=True)
    return 0


def _ends(process, seconds=30):
    """Whether a process ends by itself within so many seconds."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _without_workers(argv):
    at = next(i for i, text in enumerate(argv) if text.split("=")[0] == "--workers")
    return [*argv[:at], *argv[at + (1 if "=" in argv[at] else 2) :]]
