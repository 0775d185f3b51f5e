"""What `infra/synthesise` writes, as plain CloudFormation and as a part of a CDK app."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.exit_code import CannotRunError
from tools.paths import INFRA
from tools.process import run
from tools.synthesis.files import write

if TYPE_CHECKING:
    from transformed import Template

FUNCTIONS = ["InventoryService", "NotificationService", "OrderService", "PaymentService"]


class Synthesis(unittest.TestCase):
    def setUp(self) -> None:
        # What is in the binaries does not matter here, only that it arrives.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build, self.output = Path(folder.name) / "build", Path(folder.name) / "output"
        for name in FUNCTIONS:
            (self.build / name).mkdir(parents=True)
            (self.build / name / "bootstrap").write_text(f"the code of {name}")

    def template(self) -> Template:
        template: Template = json.loads((self.output / "template.json").read_text())
        return template

    def test_it_is_plain_cloudformation_with_the_code_beside_it(self) -> None:
        write(self.build, self.output, {"ApiAuth": "AWS_IAM"})
        template = self.template()
        self.assertNotIn("Transform", template)
        kinds = {name: resource["Type"] for name, resource in template["Resources"].items()}
        self.assertFalse([kind for kind in kinds.values() if kind.startswith("AWS::Serverless")])
        self.assertEqual(template["Parameters"]["ApiAuth"]["Default"], "AWS_IAM")
        for name in FUNCTIONS:
            code = template["Resources"][name]["Properties"]["Code"]
            self.assertEqual(code["S3Bucket"], {"Ref": "ArtifactBucket"})
            with zipfile.ZipFile(self.output / code["S3Key"]) as archive:
                (entry,) = archive.infolist()
                self.assertEqual(archive.read(entry).decode(), f"the code of {name}")
                self.assertEqual((entry.filename, entry.external_attr >> 16), ("bootstrap", 0o100755))
        url = template["Resources"]["Watcher"]["Properties"]["TemplateURL"]["Fn::Sub"]
        nested = json.loads((self.output / url.rpartition("/")[2]).read_text())
        self.assertIn("NoOrders", nested["Resources"])

    def test_what_changes_has_another_name_and_what_does_not_keeps_it(self) -> None:
        first = {path.name for path in write(self.build, self.output, {})}
        versions = {name for name in self.template()["Resources"] if "Version" in name}
        self.assertEqual({path.name for path in write(self.build, self.output, {})}, first)
        (self.build / "OrderService/bootstrap").write_text("other code")
        second = {path.name for path in write(self.build, self.output, {})}
        self.assertEqual([name.partition("-")[0] for name in first - second], ["OrderService"])
        # So that CloudFormation publishes a version.
        changed = versions - set(self.template()["Resources"])
        self.assertEqual([name.partition("Version")[0] for name in changed], ["OrderService"])
        self.assertEqual({path.name for path in self.output.iterdir()}, second, "nothing old is left")

    def test_what_cannot_be_synthesised_is_named(self) -> None:
        with self.assertRaisesRegex(CannotRunError, "no parameter `Nothing`"):
            write(self.build, self.output, {"Nothing": "1"})
        (self.build / "PaymentService/bootstrap").unlink()
        with self.assertRaisesRegex(CannotRunError, "PaymentService/bootstrap`; `sam build` makes it"):
            write(self.build, self.output, {})

    def test_the_cdk_includes_it_and_brings_the_code(self) -> None:
        write(self.build, self.output, {})
        run("npm", "ci", folder=INFRA / "cdk", quiet=True)
        made = self.output / "cdk.out"
        environment = os.environ | {"SYNTHESISED": str(self.output), "CDK_OUTDIR": str(made)}
        run("node", "app.js", folder=INFRA / "cdk", environment=environment, quiet=True)
        synthesised = json.loads((made / "distributed-tracing-demo.template.json").read_text())
        self.assertEqual(set(synthesised["Resources"]), set(self.template()["Resources"]))
        files = json.loads((made / "distributed-tracing-demo.assets.json").read_text())["files"]
        for name in FUNCTIONS:
            key = synthesised["Resources"][name]["Properties"]["Code"]["S3Key"]
            with zipfile.ZipFile(made / files[key.removesuffix(".zip")]["source"]["path"]) as archive:
                self.assertEqual(archive.read("bootstrap").decode(), f"the code of {name}")
        (nested,) = made.glob("*.nested.template.json")
        self.assertIn("NoOrders", json.loads(nested.read_text())["Resources"])


if __name__ == "__main__":
    unittest.main()
