"""Flower: its simulation on Ray with one actor a thread, the message API and its FedAvg strategy. An actor loads the
data once and keeps its model; the parameters travel as one flat array, which is what costs Flower least."""
import logging
import os
import sys

os.environ["FLWR_TELEMETRY_ENABLED"] = "0"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["RAY_DEDUP_LOGS"] = "0"
# Ray's actors import flower_client and common.
os.environ["PYTHONPATH"] = os.path.dirname(os.path.abspath(__file__))

import common

logging.getLogger("flwr").setLevel(logging.ERROR)


def serve(args):
    import numpy as np
    import torch
    from flwr.app import ArrayRecord
    from flwr.serverapp import ServerApp
    from flwr.serverapp.strategy import FedAvg
    from flwr.simulation import run_simulation

    import flower_client
    import torch_models

    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    work = common.Workload(args.workload, args.seed)
    model = torch_models.build(work.model, work.tokens)
    clock = common.Clock()
    final = []
    app = ServerApp()

    @app.main()
    def main(grid, context):
        strategy = FedAvg(fraction_train=work.cohort / work.clients, min_train_nodes=work.cohort, fraction_evaluate=0.0,
                          min_available_nodes=work.clients)
        grid.pull_interval = 0.01  # seconds; Flower's default is 0.1

        def round_done(server_round, arrays):
            if server_round > 0:
                clock.round_done()
            final[:] = [arrays]
            return None

        flat = torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy()
        strategy.start(grid=grid, initial_arrays=ArrayRecord([np.asarray(flat)]), num_rounds=args.rounds,
                       evaluate_fn=round_done)

    run_simulation(app, flower_client.app(args.workload, args.seed), num_supernodes=work.clients,
                   backend_config={"init_args": {"num_cpus": args.threads, "log_to_driver": False},
                                   "client_resources": {"num_cpus": 1, "num_gpus": 0.0}})
    flat = torch.tensor(final[0].to_numpy_ndarrays()[0])
    torch.nn.utils.vector_to_parameters(flat, model.parameters())
    clock.report(torch_models.accuracy(model, torch.from_numpy(work.x_test), torch.from_numpy(work.y_test).long()))


if __name__ == "__main__":
    serve(common.arguments())
    sys.stdout.flush()
