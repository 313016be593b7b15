"""Forms of form-js, read and checked on the server: pure, without HTML and without a clock.

What is not listed here is refused when a form is read, never when somebody waits:

- components: textfield, textarea, number, datetime, checkbox, radio, select, checklist, taglist,
  filepicker, text, separator, spacer, group; button is left out, because pages have their own;
- validation: required; minLength and maxLength (200 and 4000 if not set); pattern (see `patterns`);
  validationType email and phone (numbers as they are dialled in China); min, max;
- options: values, or valuesKey with the name of a source; no expressions in any property;
- conditional.hide with the FEEL of `feel`; it reads other fields of the same form;
- custom properties: routing ("true": the answer enters the process data; no texts and dates; of
  a checklist or taglist a list, empty when nothing is chosen), card (what of the ticket lists
  show), ticket (a textfield: the number of a ticket, routed under the property's value), past
  ("true": a date of what has happened, no later than it is submitted and no more than a year ago),
  search ("true" or "false": whether tickets are found by the words of a text; if it is not
  set, by those of a textarea and of the card's title and place), reporter ("true": the files
  of a filepicker tell who called) and templates (a textarea: the kind of texts kept ready that
  can be put into it, one of TEMPLATES);
- files: accept, with suffixes and types of `kinds` only; multiple. What is submitted for them are
  the tokens under which they wait: they were uploaded before.

Readings: digits and signs typed full-width count as half-width in numbers, dates and telephone
numbers; thousands separators do not. Blanks around an answer fall away, and one of blanks only is
none. A date with a time is of Asia/Shanghai and is stored with +08:00 (unless the form says
no_timezone). A readonly or disabled field is shown and never taken.
"""

from engine.formjs.form import Form, in_rows
from engine.formjs.model import (
    SOURCES,
    TEMPLATES,
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
    "TEMPLATES",
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
