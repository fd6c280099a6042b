"""``python -m order_service``: what the container runs; with ``redrive`` what a person runs, see dead_letters."""

import argparse

import structlog

from order_service.app import OrderSettings, create_app
from order_service.dead_letters import DeadLetters
from shop_shared import logs, server, settings

log = structlog.get_logger("order_service")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m order_service")
    redrive = parser.add_subparsers(dest="command").add_parser("redrive", help="dead letters go back into the queue")
    redrive.add_argument("--list", action="store_true", help="say what is there, move nothing")
    asked = parser.parse_args()
    environment = settings.load(OrderSettings)
    if asked.command == "redrive":
        _redrive(environment, only_list=asked.list)
        return
    logs.configure(environment)
    if environment.order_created_topic_arn is None:
        log.warning("no topic and no queue: orders are confirmed without them, and nobody else hears of them")
    server.serve(create_app(environment), environment)


def _redrive(environment: OrderSettings, *, only_list: bool) -> None:
    if environment.order_events_queue_url is None:
        raise SystemExit("ORDER_EVENTS_QUEUE_URL is not set: there is no queue to move anything to")
    dead = DeadLetters(environment.aws_region, environment.order_events_queue_url)
    if only_list:
        ids = dead.listed()
        print(*ids, f"{len(ids)} dead letters", sep="\n")  # noqa: T201  (what the command is for)
    else:
        print(f"{dead.redrive()} dead letters moved back into the queue")  # noqa: T201


if __name__ == "__main__":
    main()
