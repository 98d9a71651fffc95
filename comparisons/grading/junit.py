"""JUnit's XML: a suite for each submission, a case for each quantity."""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from comparisons.grading.graded import NOT_SHOWN, STOPPED, Graded, Item, Part
from comparisons.grading.gradescope import said_of, told_of_all
from comparisons.grading.scoring import Scheme
from comparisons.grading.telling import Reveal

#: What XML 1.0 has no way to write.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(class_: Sequence[Graded], scheme: Scheme, reveal: Reveal) -> str:
    """Return all submissions as one document.

    A case fails if its quantity does not count in full. A submission that could not be run to
    its end has one case, in error. Where nothing else is revealed, the cases are the phases.
    What a student reads is the suite's output.
    """
    root = Element("testsuites", name="keras-parity grade")
    for graded in class_:
        suite = SubElement(root, "testsuite", name=_clean(graded.name))
        properties = SubElement(suite, "properties")
        for name, value in (("score", scheme.score(graded)), ("points", scheme.points)):
            SubElement(properties, "property", name=name, value=f"{value:g}")
        if reveal == "none":
            _phases(suite, graded, scheme)
        for part in graded.parts:
            if not part.items:
                _not_run(suite, part)
            elif reveal != "none":
                for item in part.items:
                    _quantity(suite, part, item)
        SubElement(suite, "system-out").text = _clean(told_of_all(graded))
        _count(suite, graded.seconds)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _quantity(suite: Element, part: Part, item: Item) -> None:
    case = _case(suite, f"{part.problem}.{part.dtype}", item.site)
    if item.state == NOT_SHOWN:
        SubElement(case, "skipped", message="the submission does not show it")
    elif item.credit < 1:
        SubElement(case, "failure", type=item.state, message=said_of(item))


def _phases(suite: Element, graded: Graded, scheme: Scheme) -> None:
    for phase, points in scheme.by_phase(graded).items():
        if points is not None:
            earned, most = points
            case = _case(suite, "phases", phase)
            if earned < most:
                message = f"{earned:.4g} of {most:.4g} points"
                SubElement(case, "failure", type="phase", message=message)


def _not_run(suite: Element, part: Part) -> None:
    name = "it runs" if part.outcome == STOPPED else "it was graded"
    case = _case(suite, f"{part.problem}.{part.dtype}", name)
    SubElement(case, "error", type=_clean(part.kind), message=_clean(part.sentence))


def _case(suite: Element, classname: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=_clean(classname), name=_clean(name), time="0")


def _count(suite: Element, seconds: float) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("time", f"{seconds:.3f}")


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("?", text)
