"""Errors that people read: a code for programs, facts, and one Chinese sentence for each code.

A sentence says what is the matter and what to do next. It is a template in gettext's style
(`%(name)s`), so that a web page translates the template and fills in the facts afterwards.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any, Final

from engine.sentences import SENTENCES


class Trouble(Exception):
    """Something that a person has to know; str() is the Chinese sentence, `code` is for programs.

    `facts` fill the sentence. Facts are ids, paths, times and numbers, never what callers said.
    """

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    @property
    def template(self) -> str:
        """The sentence before the facts are filled in: the msgid for gettext."""
        return template(self.code)

    def sentence(self) -> str:
        """The sentence in Chinese."""
        return sentence(self.code, self.facts)

    def __str__(self) -> str:
        return self.sentence()


class SettingsError(Trouble):
    """A setting in the environment that cannot be used."""


class VaultError(Trouble):
    """The master key is missing, wrong or readable by others, or something cannot be decrypted."""


class StoreError(Trouble):
    """The database cannot be used as it is: down, locked, older or newer than the code, full."""


class Denied(Trouble):
    """Somebody may not do this; `hidden`: they may not even know that the object exists (404)."""

    def __init__(self, code: str = "denied", *, hidden: bool = False, **facts: Any) -> None:
        super().__init__(code, **facts)
        self.hidden = hidden


class _Facts(dict[str, Any]):
    """Facts of which one may be missing: a sentence with a gap is better than none."""

    def __missing__(self, key: str) -> str:
        return "?"


def template(code: str) -> str:
    """The Chinese sentence of a code, unfilled; an unknown code gets a sentence that names it."""
    return SENTENCES.get(code, SENTENCES["unknown"])


def sentence(code: str, facts: Mapping[str, Any]) -> str:
    """The Chinese sentence of a code, with its facts (also for flow's Refused, code and facts)."""
    return template(code) % _Facts({"code": code, **facts})


_REASONS: Final = {
    errno.ENOENT: "文件或文件夹不存在",
    errno.EACCES: "没有权限",
    errno.EPERM: "系统不允许",
    errno.EISDIR: "是文件夹，不是文件",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.ENODEV: "是管道或设备，不是普通文件",
    errno.ENXIO: "是管道或设备，不是普通文件",
    errno.EEXIST: "已经存在",
    errno.ENOTEMPTY: "文件夹不是空的",
    errno.ELOOP: "链接绕成了圈",
    errno.ENAMETOOLONG: "名称太长",
    errno.EINVAL: "路径不能用",
    errno.ENOSPC: "磁盘空间不足",
    errno.EDQUOT: "超过了磁盘配额",
    errno.EFBIG: "文件太大",
    errno.EROFS: "磁盘是只读的",
    errno.EIO: "读写磁盘时出错",
    errno.EBUSY: "正被占用",
    errno.ETXTBSY: "正被占用",
    errno.EMFILE: "打开的文件太多",
    errno.ENFILE: "打开的文件太多",
    errno.ENOMEM: "内存不足",
    errno.ESTALE: "网络磁盘已断开",
    errno.ETIMEDOUT: "等待超时",
}
"""Why the system refused a file, by errno: what stands for `reason` in sentences."""


def reason(error: OSError | ValueError) -> str:
    """Why the system refused a file, in Chinese; ValueError is what Python says of an odd path."""
    if not isinstance(error, OSError):
        return _REASONS[errno.EINVAL]
    code = error.errno or 0
    return _REASONS.get(code, f"系统错误 {errno.errorcode.get(code, code)}")
