"""Replays events that the bus has archived (parameter ArchiveRetentionDays), and waits for the end. Every service
recognises an event that it has handled already: nobody is charged or notified twice. What a replayed event causes is in
a new trace, whose metadata `published_in_trace` names the one in which the event was published.

    infra/replay --from 2h --dry-run                       shows what would be asked for
    infra/replay --from 2026-11-26T12:00:00Z --to 2026-11-26T12:30:00Z --rule payment-order-created
    infra/replay --follow NAME                             waits for the end of one that was started
    infra/replay --cancel NAME                             stops it

Times are those of the events. Interrupting the tool does not stop the replay.
Exit code 0: all events of that time were replayed; 1: the replay was cancelled, has failed, or has not ended within
--timeout; 2: it could not be started."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from tools import aws, exit_code
from tools.replay import run as replays
from tools.replay.window import Window, shown


def main() -> int:
    """Replay as the command line says; return the exit code."""
    now = datetime.now(UTC)
    arguments, window = _arguments(now)
    return exit_code.of(lambda: run(arguments, window, now))


@aws.required()
def run(arguments: argparse.Namespace, window: Window | None, now: datetime) -> int:
    """Start a replay and follow it, or follow or cancel one."""
    events = aws.session().client("events", config=aws.PATIENT)
    stack, patience = aws.stack_name(arguments), replays.Patience(arguments.timeout)
    if arguments.cancel:
        events.cancel_replay(ReplayName=arguments.cancel)
        replays.follow(events, arguments.cancel, patience)
        return exit_code.FINE
    if window is None:
        return replays.follow(events, arguments.follow, patience)
    archive = replays.Archive.find(events, stack)
    rules = replays.rule_arns(events, stack, arguments.rule)
    name = arguments.name or f"{stack}-{now:%Y%m%dT%H%M%S}"
    destined = ", ".join(arguments.rule) if rules else "all rules"
    print(f"replay     {name}: events from {window} for {destined}; the archive has about {archive.event_count}")
    if window.may_be_incomplete(now):
        print("note       an event reaches the archive up to ten minutes after it was published")
    if arguments.dry_run:
        return exit_code.FINE
    replays.start(events, archive, name, window, rules)
    return replays.follow(events, name, patience)


def _arguments(now: datetime) -> tuple[argparse.Namespace, Window | None]:
    parser = argparse.ArgumentParser(
        prog="infra/replay", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    aws.add_stack_arguments(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--from", dest="start", metavar="TIME", help="the oldest events: a time, or an age such as 2h")
    what.add_argument("--follow", metavar="NAME", help="follow this replay, and start none")
    what.add_argument("--cancel", metavar="NAME", help="cancel this replay")
    parser.add_argument("--to", dest="end", metavar="TIME", help=f"the newest events (now, {shown(now)})")
    parser.add_argument(
        "--rule", action="append", default=[], metavar="NAME", help="replay for this rule alone; may be repeated"
    )
    parser.add_argument("--name", help="the replay's name, which no other may have (the stack's and the time)")
    parser.add_argument("--dry-run", action="store_true", help="show what would be asked for, and start nothing")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds to wait for the end (%(default)s)")
    arguments = parser.parse_args()
    if arguments.start is None:
        return arguments, None
    try:
        return arguments, Window.parse(arguments.start, arguments.end, now)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
