"""``python -m order_service`` runs the service; ``python -m order_service redrive`` moves dead letters back."""

import argparse

import structlog

from order_service.app import OrderSettings, create_app
from order_service.dead_letters import DeadLetters
from shop_shared import logs, server, settings

log = structlog.get_logger("order_service")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m order_service")
    redrive = parser.add_subparsers(dest="command").add_parser("redrive", help="move dead letters back into the queue")
    redrive.add_argument("--list", action="store_true", help="list the dead letters and move nothing")
    options = parser.parse_args()
    environment = settings.load(OrderSettings)
    if options.command == "redrive":
        _redrive(environment, only_list=options.list)
        return
    logs.configure(environment)
    if environment.order_created_topic_arn is None:
        log.warning("no topic and no queue: the service confirms orders directly and publishes no events")
    server.serve(create_app(environment), environment)


def _redrive(environment: OrderSettings, *, only_list: bool) -> None:
    if environment.order_events_queue_url is None:
        raise SystemExit("ORDER_EVENTS_QUEUE_URL is not set; set it to the URL of the queue to move messages to")
    dead_letters = DeadLetters(environment.aws_region, environment.order_events_queue_url)
    if only_list:
        ids = dead_letters.list_ids()
        print(*ids, f"{len(ids)} dead letters", sep="\n")  # noqa: T201  (the command's output)
    else:
        print(f"{dead_letters.redrive()} dead letters moved back into the queue")  # noqa: T201


if __name__ == "__main__":
    main()
