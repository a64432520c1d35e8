"""What a beat does, in words: on the speaker's line, and in the list of those that are written."""

from diffview.story.beats import (
    AnimateTime,
    Beat,
    ChangeStage,
    HighlightPart,
    MoveHandle,
    PlayRun,
    RevealPart,
    SetValues,
    StartWork,
    TellSentence,
)

DOES: dict[type[Beat], str] = {
    AnimateTime: "the playhead moves to t = {beat.t:g}",
    MoveHandle: "a point of the schedule is pulled",
    PlayRun: "a run is played",
    HighlightPart: "{beat.part} is pointed at",
    RevealPart: "{beat.part} is revealed",
    StartWork: "the work of {beat.part} begins",
    TellSentence: "“{beat.sentence}”",
}


def beat_words(beat: Beat) -> str:
    """What a beat does."""
    if isinstance(beat, SetValues):
        return "other values: " + ", ".join(name.replace("_", " ") for name, _ in beat.values)
    if isinstance(beat, ChangeStage):
        return "another stage: " + ", ".join(filter(None, (*beat.pictures, beat.plot)))
    return DOES.get(type(beat), "a pause").format(beat=beat)
