"""The 1,024 bytes every golden figure rests on, generated from the table of MediaWiki namespaces.

An export of MediaWiki opens with a ``siteinfo`` block: the site, then one line per namespace, each subject
followed by its talk. The first 1,024 bytes of enwik8 and enwik9 are exactly this block.
"""

__all__ = ["siteinfo_bytes"]

_LENGTH = 1024
_SUBJECTS = ("", "User", "Wikipedia", "Image", "MediaWiki", "Template", "Help", "Category")
_EXPORT = "http://www.mediawiki.org/xml/export-0.3/"


def _namespaces() -> list[tuple[int, str]]:
    """(key, name) pairs in the order of an export: the two virtual ones, then subject and talk in turn."""
    table = [(-2, "Media"), (-1, "Special")]
    for number, subject in enumerate(_SUBJECTS):
        table += [(2 * number, subject), (2 * number + 1, f"{subject} talk" if subject else "Talk")]
    return table


def _namespace_line(key: int, name: str) -> str:
    return f'      <namespace key="{key}">{name}</namespace>' if name else f'      <namespace key="{key}" />'


def siteinfo_bytes() -> bytes:
    """The first 1,024 bytes of the export, md5 ``dbed4ef8ca80a74acdc3ed2620e34edc``."""
    head = (
        f'<mediawiki xmlns="{_EXPORT}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="{_EXPORT} {_EXPORT[:-1]}.xsd"'
        ' version="0.3" xml:lang="en">'
    )
    lines = [
        head,
        "  <siteinfo>",
        "    <sitename>Wikipedia</sitename>",
        "    <base>http://en.wikipedia.org/wiki/Main_Page</base>",
        "    <generator>MediaWiki 1.6alpha</generator>",
        "    <case>first-letter</case>",
        "      <namespaces>",
    ]
    lines += [_namespace_line(key, name) for key, name in _namespaces()]
    return "\n".join(lines).encode("ascii")[:_LENGTH]
