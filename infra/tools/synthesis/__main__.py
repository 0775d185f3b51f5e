"""Writes what `sam deploy` would hand to CloudFormation, for tools that know no SAM: in target/synthesised are
template.json, the nested watch-*.json, and a zip of each function's code. `sam build` has to come first.

    infra/synthesise
    infra/synthesise --parameter-overrides ApiAuth=AWS_IAM TrafficShifting=Canary10Percent5Minutes

The CDK takes it as it is: infra/cdk/app.js. Without the CDK, put the files into a bucket and give its name as the
parameter ArtifactBucket. The transform makes two choices for good: ApiAuth (with UserPoolId), and whether there is
TrafficShifting.
Exit code 0: it is written; 2: there is no build."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools import build, exit_code
from tools.paths import ROOT
from tools.rehearsal import sam
from tools.synthesis.files import write


def main() -> int:
    """Synthesise as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="infra/synthesise", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parameter-overrides", nargs="*", default=[], metavar="NAME=VALUE", help="other defaults")
    parser.add_argument("--build", type=Path, default=build.BUILD, help="where `sam build` has built (%(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "target/synthesised", help="(%(default)s)")
    arguments = parser.parse_args()
    return exit_code.of(lambda: run(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Write the files."""
    for path in write(arguments.build, arguments.output, sam.pairs(arguments.parameter_overrides)):
        print(f"{path.stat().st_size:>10,} {path}")
    return exit_code.FINE


if __name__ == "__main__":
    sys.exit(main())
