"""What a tool's end means to whoever started it."""

import pytest
from botocore.exceptions import ClientError

from tools import aws, exit_code, polling
from tools.exit_code import CannotRunError, FindingError


@pytest.mark.parametrize(
    ("error", "code", "printed"),
    [
        (FindingError("two stages"), exit_code.FOUND_SOMETHING, "found: two stages\n"),
        (CannotRunError("no region"), exit_code.CANNOT_RUN, "error: no region\n"),
        (FileNotFoundError(2, "No such file", "sam"), exit_code.CANNOT_RUN, "error: [Errno 2] No such file: 'sam'\n"),
        (KeyboardInterrupt(), exit_code.INTERRUPTED, "interrupted\n"),
    ],
)
def test_errors_become_a_sentence_and_a_code(
    error: BaseException, code: int, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> int:
        raise error

    assert exit_code.of(work) == code
    assert capsys.readouterr().err == printed


def test_a_programming_error_is_not_hidden() -> None:
    def work() -> int:
        return dict[str, int]()["missing"]

    with pytest.raises(KeyError):
        exit_code.of(work)


def test_an_error_of_aws_ends_the_tool() -> None:
    with pytest.raises(CannotRunError, match="no such host"), aws.required():
        raise ClientError({"Error": {"Code": "Any", "Message": "no such host"}}, "GetQueueUrl")


def test_waiting_ends() -> None:
    looks = iter([None, 0, "there"])
    assert polling.wait_for("it", lambda: next(looks), interval=0) == "there"
    with pytest.raises(FindingError, match=r"it did not appear within 0\.01 s"):
        polling.wait_for("it", lambda: None, patience=0.01, interval=0)
