"""The one kind of error that a user is meant to read, and running out of memory, which every device can bring."""

LESS = "Choose a smaller region, or close other programs."
"""How to take less memory, where nothing better is known."""

LONGEST_SENTENCE = 1000
"""Characters of a sentence or a hint that are shown: what is longer has swallowed a file."""


def cut(text: str, most: int) -> str:
    """A text as it may be shown: what is not printable is a space, and what is too long ends in an ellipsis."""
    some = text[: most + 1]
    if not some.isprintable():
        some = "".join(c if c.isprintable() else " " for c in some)
    return some if len(some) <= most else some[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


class UserError(Exception):
    """An error that the user can mend: one finished sentence and one hint.

    Raised in the core, shown in the message bar of the window or on stderr (exit status 2).
    Anything else that is raised is a bug. What a file or a person wrote may be in it, so that it is cut and made plain.

    Args:
        sentence: what is wrong, as a finished sentence that names the thing.
        hint: what to do about it, as a finished sentence; may be empty.
    """

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.sentence = cut(sentence, LONGEST_SENTENCE)
        self.hint = cut(hint, LONGEST_SENTENCE)

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".strip()


class NotWrittenError(UserError):
    """A file could not be written; its content is still in memory, and can be written again."""


def out_of_memory(error: BaseException) -> bool:
    """Whether this is what CUDA, MPS or the CPU says when memory runs out; torch has a class of it only since 2.5."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "allocate memory" in text)


def explained(error: BaseException, less: str = LESS) -> UserError | None:
    """What a user is told of an error; None if it is a bug.

    Args:
        error: a UserError as it is; what the system says of a file, or of memory, as a sentence.
        less: hint how to take less memory.
    """
    if isinstance(error, UserError):
        return error
    if out_of_memory(error):
        return UserError("The device ran out of memory.", less)
    if isinstance(error, OSError) and error.strerror:
        what = "The system refuses it" if error.filename is None else f"{error.filename} cannot be used"
        return UserError(f"{what}: {error.strerror}.", "Check the disk and who may use it, then try again.")
    return None
