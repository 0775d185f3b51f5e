"""What the canary has found, line by line."""


class Report:
    """Prints findings as they come, and counts the differences among them."""

    def __init__(self) -> None:
        """Begin without a difference."""
        self.differences = 0

    def ok(self, sentence: str) -> None:
        """Something is as expected."""
        print(f"ok       {sentence}", flush=True)

    def note(self, sentence: str) -> None:
        """Something is worth a line, but is no difference."""
        print(f"note     {sentence}", flush=True)

    def unknown(self, sentence: str) -> None:
        """Something could not be found out, which is no difference either."""
        print(f"unknown  {sentence}", flush=True)

    def differs(self, sentence: str) -> None:
        """Something is not as expected."""
        self.differences += 1
        print(f"DIFFERS  {sentence}", flush=True)

    def all_differ(self, sentences: list[str], otherwise: str) -> None:
        """Each sentence is a difference; without any, `otherwise` is as expected."""
        for sentence in sentences:
            self.differs(sentence)
        if not sentences:
            self.ok(otherwise)
