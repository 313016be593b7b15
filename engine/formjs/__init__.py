"""Forms of form-js, read and checked on the server: pure, without HTML and without a clock."""

from engine.formjs.form import Form, in_rows
from engine.formjs.model import (
    SOURCES,
    Checked,
    Component,
    Finding,
    FormRefused,
    Option,
    Sources,
    View,
)

__all__ = [
    "SOURCES",
    "Checked",
    "Component",
    "Finding",
    "Form",
    "FormRefused",
    "Option",
    "Sources",
    "View",
    "in_rows",
]
