"""The Chinese sentence of every error code, by subject: what is the matter, what to do next.

And what the roles are called, of which sentences speak.
"""

from __future__ import annotations

from typing import Final


def _(text: str) -> str:
    """Mark a sentence for gettext's extraction; it is translated where it is shown."""
    return text


ROLES: Final = {
    "call_taker": _("话务员"),
    "dispatcher": _("派单员"),
    "officer": _("承办人"),
    "reviewer": _("审核员"),
    "follow_up": _("回访员"),
    "archivist": _("归档员"),
    "leader": _("单位领导"),
    "duty_leader": _("值班长"),
    "supervisor": _("主管部门督办员"),
    "auditor": _("审计员"),
    "administrator": _("管理员"),
    "process_owner": _("流程负责人"),
}
"""What each role is called, wherever people read it: pages, commands, sentences."""
ROLE_CODES: Final = "、".join(f"{code}（{word}）" for code, word in ROLES.items())
"""All of them, for those who type their codes."""

GENERAL: Final = {
    "unknown": _("操作没有成功（%(code)s）。请重试；仍不成功请联系系统管理员。"),
}

FILES: Final = {
    "file_empty": _("“%(name)s”是空的，没有接收。请检查文件后重新选择。"),
    "file_large": _("“%(name)s”超过%(most)s MB，没有接收。请压缩、剪短或拆成几个文件后重新选择。"),
    "file_kind": _(
        "“%(name)s”不是可以接收的文件。可以是照片（JPG、PNG、GIF、WebP、HEIC）、PDF、"
        "docx、xlsx、pptx、文本（UTF-8 或 GB18030）、录音和短片（MP3、WAV、AMR、M4A、MP4）。"
        "请另存为其中一种后重新选择。"
    ),
    "file_markup": _(
        "“%(name)s”里是网页代码（HTML、SVG 等），不能接收。请截图，或另存为 PDF 后重新选择。"
    ),
    "file_program": _(
        "“%(name)s”是程序或脚本，不能接收。如果只是文字，请另存为 .txt 文件后重新选择。"
    ),
    "file_macros": _(
        "“%(name)s”带有宏，不能接收。请另存为不带宏的 docx、xlsx 或 pptx 后重新选择。"
    ),
    "file_old": _(
        "“%(name)s”是旧格式或加了密码的 Office 文件，不能接收。"
        "请另存为没有密码的 docx、xlsx、pptx 或 PDF 后重新选择。"
    ),
    "file_unwanted": _("“%(name)s”不是“%(field)s”要的那一类文件。请换一个，或放到别的栏目。"),
    "file_gone": _(
        "“%(field)s”中有文件已不在：等了一天多没有提交，或已随另一次提交使用。请重新选择文件。"
    ),
    "files_many": _("一个栏目最多%(most)s个文件，这次选的没有接收。请去掉多余的，再重新选择。"),
    "files_form": _(
        "一次提交的文件合计不能超过%(most)s MB，现有%(count)s MB。"
        "请取消勾选一些，或压缩后重新选择。"
    ),
    "files_ticket": _(
        "一张工单的附件合计不能超过%(most)s MB，加上这次的有%(count)s MB。"
        "请只留必要的，或压缩后重新选择。"
    ),
    "files_waiting": _(
        "您已上传而没有提交的文件超过%(most)s MB，“%(name)s”没有接收。"
        "请先提交或清理其他表单；不再用的文件过一天会自动清除。"
    ),
    "field_unknown": _("提交的文件在本表单中没有对应的栏目，没有接收。请刷新页面后重新选择。"),
}

SETTINGS: Final = {
    "url_unknown": _(
        "%(name)s 不是可用的数据库地址。请写成 postgresql://用户:口令@主机:端口/库名，"
        "口令里的 @、:、/ 要按网址的写法编码；或不设置它而使用内置的 SQLite。"
    ),
    "owner_without_database": _(
        "设置了 HOTLINE_OWNER_DATABASE_URL，但没有设置 HOTLINE_DATABASE_URL。"
        "请同时设置应用账号的地址。"
    ),
    "owner_elsewhere": _(
        "HOTLINE_OWNER_DATABASE_URL 与 HOTLINE_DATABASE_URL 不是同一个数据库。"
        "请改成同一主机、端口和库名。"
    ),
    "home_missing": _("工作目录 %(path)s 不存在或不是目录。请先建立它，或改正 HOTLINE_HOME。"),
    "secret_twice": _("同时设置了 %(name)s 和 %(name)s_FILE。请只保留一个。"),
    "secret_unreadable": _(
        "无法读取 %(name)s 指明的文件 %(path)s：%(reason)s。请检查路径、属主和权限。"
    ),
    "secret_exposed": _(
        "%(name)s 指明的文件 %(path)s 可被他人读取或改动（权限 %(mode)s）。"
        "请执行 chmod 600 %(path)s；文件属 root 时，可用 640 交给服务账号的组读取。"
    ),
    "secret_empty": _("%(name)s 指明的文件 %(path)s 是空的。请写入数据库地址。"),
    "secret_broken": _("%(name)s 指明的文件 %(path)s 里不是一行文字。请只写一行：数据库的地址。"),
    "tls_unknown": _("HOTLINE_TLS 的值“%(value)s”看不懂。请写 1（经 https 访问）或 0。"),
    "proxies_unknown": _(
        "HOTLINE_PROXIES 的值“%(value)s”不能用。请写前面自设代理的个数，0 到 %(most)s 的整数。"
    ),
}

KEYS: Final = {
    "key_missing": _(
        "已有数据库，但找不到主密钥文件 %(path)s。"
        "请从备份恢复该文件，或用 HOTLINE_KEY_FILE 指明其位置；"
        "系统不会另造主密钥，因为那样已加密的内容将无法读取。"
    ),
    "key_wrong": _(
        "主密钥文件 %(path)s 与本数据库不符。请换回建库时的主密钥文件，或改正 HOTLINE_KEY_FILE。"
    ),
    "key_broken": _("主密钥文件 %(path)s 的内容不是主密钥。请从备份恢复该文件。"),
    "key_permissions": _(
        "主密钥文件 %(path)s 可被他人读取（权限 %(mode)s）。请执行 chmod 600 %(path)s 后重试；"
        "文件属 root 时，可用 640 交给服务账号的组读取。"
    ),
    "key_unreadable": _("无法读取主密钥文件 %(path)s：%(reason)s。请检查文件的属主和权限。"),
    "key_exists": _("主密钥文件 %(path)s 已经存在，不会被替换。请换一个文件名。"),
    "key_unwritable": _(
        "无法写入主密钥文件 %(path)s：%(reason)s。请检查目录的属主、权限和剩余空间。"
    ),
    "sealed_broken": _(
        "加密内容无法解开：内容被改动过，或不是用这把密钥加密的。请运行 hotline verify 核查。"
    ),
    "erased": _("该工单的密钥已依规销毁，其内容不能再读取或补充。"),
}

STORE: Final = {
    "database_down": _(
        "数据库没有响应，刚才的操作没有生效。请确认数据库服务已启动、网络可达，然后重试。"
    ),
    "database_locked": _("数据库正忙，等待超时，刚才的操作没有生效。请稍后重试。"),
    "database_refused": _(
        "数据库拒绝了登录。请检查 HOTLINE_DATABASE_URL 中的账号、口令和数据库的访问控制。"
    ),
    "database_missing": _("数据库不存在。请先建立数据库，再运行 hotline init。"),
    "database_busy": _(
        "数据库的连接已用完，刚才的操作没有生效。请稍后重试，或请管理员增加连接数。"
    ),
    "database_full": _("磁盘空间不足，刚才的操作没有生效。请清理磁盘后重试。"),
    "database_read_only": _(
        "数据库不可写（磁盘、文件或目录只读，或连接到了备库），刚才的操作没有生效。请检查后重试。"
    ),
    "database_disk": _("读写数据库文件时磁盘出错，刚才的操作没有生效。请检查磁盘后重试。"),
    "database_damaged": _("数据库文件已损坏。请停止使用，并从备份恢复。"),
    "database_forbidden": _(
        "应用账号没有所需的数据库权限。"
        "请用 HOTLINE_OWNER_DATABASE_URL 运行 hotline upgrade 重新授权。"
    ),
    "database_failed": _("数据库报告了错误（%(state)s），刚才的操作没有生效。请联系系统管理员。"),
    "not_a_database": _("%(path)s 不是数据库文件。请移走它，或从备份恢复。"),
    "cannot_open": _("无法打开数据库文件 %(path)s。请检查所在目录是否存在、可写。"),
    "no_schema": _("数据库还没有建立。请先运行 hotline init。"),
    "foreign_schema": _(
        "这个数据库里已有别的表（%(table)s），不是本系统的库。请换一个空的数据库。"
    ),
    "schema_older": _(
        "数据库的结构（%(found)s）比程序（%(needed)s）旧。"
        "请运行 hotline upgrade --backup 备份文件夹，先备份再升级。"
    ),
    "schema_newer": _(
        "数据库的结构（%(found)s）比程序（%(needed)s）新，本程序不能再用它。"
        "请换用与数据库相配的新版程序。"
    ),
    "already_there": _("数据库已经建立，不再重建。升级请运行 hotline upgrade。"),
    "role_missing": _(
        "数据库里没有应用账号 %(role)s。请先由数据库管理员执行 CREATE ROLE %(role)s LOGIN，再重试。"
    ),
    "role_is_owner": _(
        "提醒：应用账号 %(role)s 拥有数据表，能够改动结构和日志。请另设表的属主账号，"
        "以 HOTLINE_OWNER_DATABASE_URL 运行 hotline upgrade。"
    ),
    "nothing_deployed": _("还没有部署任何流程版本。请先运行 hotline deploy。"),
    "version_unknown": _("没有编号为 %(version)s 的流程版本。请运行 hotline verify 核查数据库。"),
    "version_changed": _("流程版本 %(version)s 的文件被改动过，不再使用。请从备份恢复数据库。"),
    "ticket_unknown": _("没有找到工单 %(number)s。请核对编号。"),
    "state_missing": _("工单 %(number)s 的流程状态缺失。请运行 hotline verify 核查。"),
    "state_newer": _("工单 %(number)s 是用更新版本的程序办理的。请先升级本机程序。"),
    "chain_unknown": _("没有名为 %(chain)s 的记录链。请核对工单编号。"),
    "chain_moved": _("工单 %(chain)s 刚被别人办理过。请刷新后重试。"),
    "unit_unlisted": _("没有编号为 %(unit)s 的单位。单位的编号用 hotline units 查看。"),
    "unit_unknown": _("没有编号为 %(unit)s 的单位。请改选单位，或请管理员先登记该单位。"),
    "area_incomplete": _("区域 %(area)s 及其上级没有登记热线中心或主管部门。请管理员先补登。"),
    "user_unknown": _("没有账号 %(name)s。请核对后重试。"),
}

RECORD: Final = {
    "event_gap": _("第 %(seq)s 个事件缺失或次序不对。"),
    "event_chain": _("第 %(seq)s 个事件属于另一条链（%(found)s）。"),
    "event_previous": _("第 %(seq)s 个事件与前一个事件接不上。"),
    "event_hash": _("第 %(seq)s 个事件被改动过：内容与其散列值不符。"),
    "event_unreadable": _("第 %(seq)s 个事件的正文无法读取。"),
    "event_payload_missing": _("第 %(seq)s 个事件的加密内容缺失。"),
    "event_payload_extra": _("第 %(seq)s 个事件本无加密内容，却附有一份。"),
    "event_payload_broken": _("第 %(seq)s 个事件的加密内容被改动过，无法解开。"),
    "event_commitment": _("第 %(seq)s 个事件的内容与链上的承诺值不符。"),
    "chain_head": _("链尾与登记不符：登记为第 %(expected)s 个事件，实为第 %(found)s 个。"),
    "chain_head_hash": _("链尾第 %(seq)s 个事件与登记的散列值不符。"),
    "export_unreadable": _("第 %(line)s 行不是导出的事件。请核对文件是否完整。"),
}

ACCESS: Final = {
    "denied": _("您的岗位没有这项权限。如确需办理，请联系本单位管理员。"),
    "import_denied": _(
        "账号 %(name)s 不能导入：要用热线中心里有话务员岗位的账号。"
        "请换一个（见 hotline user list --role call_taker），"
        "或添加一个：hotline user add 账号 姓名 热线中心的单位编号 call_taker。"
    ),
    "denied_hidden": _("没有找到您要的内容，或您无权查看。"),
    "denied_task": _("这项待办属于其他岗位或单位。"),
    "denied_claimed": _("这项待办已由他人领取。请与其联系，或等其放回后再领。"),
}

FLOW: Final = {
    "task_gone": _("这项待办已经办完或已取消，刚才的提交没有生效。请刷新后查看工单。"),
    "task_unknown": _("没有这项待办。请刷新后查看工单。"),
    "ended": _("这件工单的流程已经结束，不能再办理。"),
    "nobody_waits": _("工单当前不等待这个消息，没有办理。请刷新后查看工单。"),
    "stuck": _("流程在这一步走不下去，刚才的操作没有生效。请联系流程负责人检查流程图。"),
    "expression": _("流程图中的表达式无法计算，刚才的操作没有生效。请联系流程负责人。"),
    "loop": _("流程图出现死循环，刚才的操作没有生效。请联系流程负责人。"),
    "deadline": _("流程图中的时限无法计算，刚才的操作没有生效。请联系流程负责人。"),
    "no_rule": _("决策表中没有适用的规则，刚才的操作没有生效。请联系流程负责人。"),
    "many_rules": _("决策表中有几条规则同时适用，刚才的操作没有生效。请联系流程负责人。"),
    "tick_first": _("有时限刚刚到期，尚未登记，刚才的操作没有生效。请重新提交。"),
    "data": _("流程数据（%(problem)s）不能保存，刚才的操作没有生效。请联系流程负责人。"),
    "state": _("工单的流程状态无法读取。请运行 hotline verify 核查。"),
    "spoiled": _("上一步没有成功，工单的流程状态已作废。请刷新后重试。"),
    "manifest": _("流程清单没有写明由哪个流程办理（%(kind)s）。请联系流程负责人。"),
    "process_unknown": _("没有编号为 %(process)s 的流程。请联系流程负责人。"),
    "reading": _("重演时所需的外部数据与记录不符。"),
}

ACTS: Final = {
    "sign_in": _(
        "用户名或密码不正确，或者账号已停用或暂时锁定。请核对后重试；"
        "连续输错5次会锁定15分钟，忘记密码请联系本单位管理员重置。"
    ),
    "password_wrong": _("现在的密码不正确，密码没有修改。请重新输入。"),
    "password_same": _("新密码与现在的密码相同，没有修改。请换一个。"),
    "password_weak": _("密码至少%(least)s个字符，且不能包含用户名。请换一个。"),
    "name_bad": _("用户名只能由英文字母、数字、点、横线和下划线组成，最多40个字符。请改正后重试。"),
    "name_taken": _("用户名 %(name)s 已被使用或保留。请换一个。"),
    "role_unknown": _("没有岗位 %(role)s。岗位代码：%(known)s。"),
    "area_unknown": _("没有区域 %(area)s。请先登记该区域，上级区域须在前。"),
    "place_bad": _("%(place)s 的名称、级别或类别不对，没有登记。请改正后重试。"),
    "request_key": _("这次提交缺少识别码，没有生效。请刷新页面后重新提交。"),
    "request_other": _("这次提交的识别码已用于另一项操作，没有生效。请刷新页面后重新提交。"),
    "form": _("有 %(count)s 处需要改正，没有提交。请按提示修改后重新提交。"),
    "task_done": _(
        "“%(task)s”已由%(who)s于%(when)s办完，您这次的提交没有生效，填写的内容为您保留。"
        "请刷新后查看工单。"
    ),
    "task_claimed": _(
        "“%(task)s”已由%(who)s于%(when)s领取，您这次的操作没有生效。请与其联系，或等其放回后再领。"
    ),
    "leave_times": _("起止时间不对：结束须晚于开始、晚于现在，最长 %(most)s 天。请改正后重试。"),
    "leave_colleague": _(
        "%(name)s 不能代办：须是本单位在职的同事，且您有可代办的岗位。请另选同事。"
    ),
    "leave_twice": _("这段时间您已经委托了同事，请先结束原来的委托，或另选时间。"),
    "leave_over": _("这个委托已经结束，不必再结束。"),
    "duty_unfit": _("有 %(count)s 班不能排入，值班表没有改动。请按提示改正后重试。"),
    "duty_none": _("没有要排入或删去的班次，值班表没有改动。请填写后再提交。"),
    "duty_many": _("一次最多排入 %(most)s 班，请分几次排。"),
    "duty_gone": _("这个班次已经结束，或已被改动，值班表没有改动。请刷新后查看。"),
    "duty_over": _("%(since)s %(who)s的班次已经结束，不能排入。请改正时间。"),
    "duty_long": _(
        "%(since)s %(who)s的班次太长或顺位不对：最长 %(days)s 天，顺位为 1 到 %(ranks)s。请改正。"
    ),
    "duty_phone": _("%(since)s %(who)s的值班电话不能用：最多 %(most)s 个字，不能换行。请改正。"),
    "duty_person": _("%(since)s 的“%(who)s”不是本单位在职人员。请核对姓名，或填登录名。"),
    "duty_person_many": _("%(since)s 的“%(who)s”在本单位不止一人，请改填登录名。"),
    "duty_self": _("%(since)s %(who)s的班次与本人的另一个班次重叠。请改正时间。"),
    "duty_rank": _(
        "%(since)s %(who)s的班次与%(other)s的重叠，都是第 %(rank)s 顺位。请改正时间或顺位。"
    ),
    "duty_line": _("看不懂。请写成“2026-10-01 08:30–10-02 08:30 张三”的样子，后面可写顺位和电话。"),
    "duty_date": _("没有这样的日期或时间。请核对。"),
    "duty_span": _("结束须晚于开始，一班最长 31 天。请核对时间。"),
    "shift_none": _("您现在没有要交的班：不在值班时间，或交班的时间已过。请查看值班表。"),
    "shift_signed": _("这一班您已经交给%(who)s，不必再交。"),
    "shift_taker": _("接班人须是本单位在职的同事，没有交班。请另选一位。"),
    "shift_remarks": _("交班说明最多%(most)s字，没有交班。请删减后再提交。"),
    "shift_task": _("这件任务不在交接双方同意移交之列，或已不在交班人名下。请刷新后查看。"),
    "shift_confirmed": _("这个交接班已经确认，或不是交给您的。请刷新后查看。"),
    "list_name": _("名称请写 1 到 %(most)s 个字，不能有换行。"),
    "list_empty": _("还没有选择任何条件，请先筛选，再保存。"),
    "list_many": _("最多保存 %(most)s 个筛选，请先删除不用的。"),
    "template_kind": _("请选择模板用在哪里。"),
    "template_name": _("模板名称请写 1 到 %(most)s 个字，不能有换行。"),
    "template_empty": _("模板没有内容，没有保存。请写好再保存。"),
    "template_long": _("模板最多%(most)s字，现有%(count)s字，没有保存。请删减后再保存。"),
    "template_place": _(
        "没有可以填入“{%(word)s}”的内容，没有保存。花括号里可以写：%(known)s；"
        "不是要系统填的，请改用圆括号。"
    ),
    "template_many": _("一个单位最多有 %(most)s 个在用的模板，没有保存。请先停用不用的。"),
    "template_unknown": _("没有这个模板，或它不是本单位的。请回到模板列表查看。"),
    "template_changed": _(
        "您打开以后，同事改过这个模板，您的修改没有保存。下面是您写的内容，请复制后重新打开再改。"
    ),
    "several_none": _("还没有选择任务，请在列表里勾选以后再办。"),
    "several_many": _("一次最多办 %(most)s 件，请分几次办。"),
    "several_files": _("这种任务要附文件，不能一起填写，请逐件办理。"),
    "several_other": _("所选的任务不是同一种，不能一起填写，请只勾选同一种任务。"),
    "task_yours": _("“%(task)s”已在您名下，不必再领。"),
    "task_free": _("“%(task)s”不在您名下，不能放回。请刷新后查看。"),
    "colleague": _("%(name)s 不是本单位该岗位的在职人员，没有移交。请另选同事。"),
    "comment_empty": _("备注没有内容，未保存。请填写后再提交。"),
    "comment_long": _("备注最多%(most)s字，现有%(count)s字，未保存。请删减后再提交。"),
    "draft_long": _("草稿太长，未保存。请删减后再保存，或直接提交。"),
    "text_characters": _("文字中有控制字符或改变书写方向的字符，未保存。请删去后重新输入。"),
    "reason_long": _("理由最多%(most)s字，现有%(count)s字，没有生效。请删减后再提交。"),
    "reason_needed": _("请写明理由，刚才的操作没有生效。"),
    "year_mismatch": _("%(date)s 不在所公布的 %(year)s 年内，没有公布。请核对日期。"),
    "year_twice": _("%(date)s 出现了两次，没有公布。请删去重复的行。"),
    "words_empty": _("请写明诉求人这次说了什么，没有登记。"),
    "phone_long": _("来电号码最多%(most)s个字，不能换行，没有登记。请改正后再提交。"),
    "words_long": _("来电内容最多%(most)s字，现有%(count)s字，没有登记。请删减后再提交。"),
    "four_eyes": _(
        "“%(task)s”须由另一人办理：您已办理过本工单的“%(done)s”。请交由本单位同岗位的同事办理。"
    ),
    "four_eyes_other": _(
        "%(name)s 已办理过本工单的“%(done)s”，“%(task)s”须由另一人办理，没有移交。请另选同事。"
    ),
    "link_unknown": _("没有找到工单 %(number)s，或您无权查看。请核对工单号。"),
    "link_self": _("不能并入本工单自己。请填写另一件工单的工单号。"),
    "link_merged": _("该工单已并入 %(number)s。请改填主工单的工单号。"),
    "link_ended": _("工单 %(number)s 已经办结或结束，不能再并入。请核对工单号。"),
    "link_about": _(
        "本工单是举报，只能并入举报同一单位的工单，%(number)s 不是。请核对工单号，或单独派单。"
    ),
    "reporter_protected": _("举报人受保护，其姓名和电话只有热线中心可以查看。"),
    "display_bad": _("姓名应为1到%(most)s个可见的字，不能换行。请改正后重试。"),
    "message_unknown": _("没有名为 %(message)s 的消息，没有办理。请联系流程负责人。"),
    "timer_stuck": _("到期时间已到而流程没有前进，已撤回并稍后重试。请联系流程负责人。"),
    "already_erased": _("该工单的密钥此前已经销毁，没有再次办理。"),
    "ticket_open": _("工单尚未归档，不能销毁其内容。请待流程结束后再办理。"),
}

ANNOUNCEMENTS: Final = {
    "announcement_kind": _("请选择是哪一类事。"),
    "announcement_title": _("请用一句话写明是什么事，例如“滨江路停水检修”。"),
    "announcement_places": _("请写明影响哪些地方：道路、小区、村居，用顿号或空格隔开。"),
    "announcement_script": _("请写明读给来电人听的话。"),
    "announcement_contact": _("请写明负责单位和电话，供来电人追问。"),
    "announcement_long": _("最多%(most)s字，现在有%(count)s字，请删减。"),
    "announcement_time": _("请写明日期和时间，如 2026-10-08 17:30。"),
    "announcement_until": _("结束时间要晚于开始时间，也要晚于现在。"),
    "announcement_over": _(
        "公告 %(number)s 现在不在有效期内，这次来电没有记入。请按新来电登记，或选另一条公告。"
    ),
    "announcement_ended": _("公告 %(number)s 已经结束，不能再改。需要继续告知的，请另发一条。"),
    "announcement_changed": _(
        "公告 %(number)s 刚刚由别人改过，您的修改没有保存。请看过新的内容后再改。"
    ),
    "announcement_open": _("公告 %(number)s 还没有结束，不能销毁来电内容。请先结束它。"),
}

DOORS: Final = {
    "not_locked": _("账号 %(name)s 没有被锁定，也没有输错的口令，没有改动。"),
    "cannot_listen": _(
        "不能在 %(host)s:%(port)s 提供网页服务：地址不对，或端口已被占用。请用 --port 换一个端口。"
    ),
    "cannot_fill": _(
        "模拟不会填表单 %(form)s 的 %(field)s：%(said)s请在 engine/city/behaviour.json 里补上填法。"
    ),
    "simulate_not_empty": _("数据库里已有工单，没有模拟。请换一个空的数据库。"),
    "simulate_not_new": _("数据库里已有人员，没有模拟。请换一个新的数据库。"),
    "multiply_real": _("这个数据库不是模拟出来的，没有复制。请先运行 hotline simulate。"),
}

BACKUP: Final = {
    "backup_exists": _("%(path)s 已经存在，没有备份。备份从不覆盖已有的文件，请换一个名称。"),
    "backup_nowhere": _("文件夹 %(path)s 不存在，没有备份。请先建立它，或检查备份盘是否已经挂载。"),
    "disk_full": _("%(path)s 所在的磁盘空间不足，没有完成，已撤回。请清理或换一个磁盘后重试。"),
    "disk_failed": _("无法读写 %(path)s（%(reason)s），没有完成，已撤回。请检查磁盘和权限后重试。"),
    "program_missing": _(
        "没有找到 PostgreSQL 的程序 %(program)s（%(version)s 或更新的版本）。请安装软件包 "
        "postgresql-client-%(version)s（Debian 系）或 postgresql%(version)s（Red Hat 系），再重试。"
    ),
    "program_failed": _(
        "PostgreSQL 的程序 %(program)s 没有成功（返回值 %(status)s：%(said)s），没有完成。"
        "请按其说明处理后重试。"
    ),
    "backup_missing": _(
        "备份文件夹 %(path)s 不存在，没有恢复。请核对路径，或检查备份盘是否已经挂载。"
    ),
    "backup_none": _(
        "%(path)s 不是完整的备份：其中没有 manifest.json。"
        "请写明备份的文件夹；名称以 .partial 结尾的是中断后留下的，不能恢复，可以删除。"
    ),
    "backup_damaged": _(
        "备份已损坏：%(part)s 与备份时不一致或缺失，没有恢复。请换用另一份备份，并检查备份介质。"
    ),
    "backup_newer": _(
        "这份备份是新版程序（%(product)s）做的，本程序不认识，没有恢复。请换用新版程序。"
    ),
    "backup_foreign": _(
        "备份的清单（manifest.json）不是用这把主密钥封签的，可能被人改写过，没有恢复。"
        "请换用另一份备份，并查明经过。"
    ),
    "backup_other_database": _(
        "这份备份来自另一种数据库（%(kind)s），没有恢复。"
        "请用 HOTLINE_DATABASE_URL 指向同一种数据库。"
    ),
    "key_other": _(
        "主密钥 %(path)s 打不开备份 %(backup)s，没有恢复。请用 --key 指明建库时的那把主密钥。"
    ),
    "key_needed": _("没有主密钥文件 %(path)s，没有恢复。请用 --key 写明主密钥文件或其备份在哪里。"),
    "key_beside_data": _(
        "%(path)s 与数据 %(data)s 放在一起：谁拿到这份备份，谁就能读群众的话，没有写入。"
        "请把主密钥放到另一处；确要放在一起，请加 --together。"
    ),
    "data_beside_key": _(
        "%(path)s 与主密钥的备份 %(key)s 放在一起：谁拿到这份备份，谁就能读群众的话，没有备份。"
        "请放到另一处；确要放在一起，请加 --together。"
    ),
    "key_unprotected": _(
        "%(path)s 所在的磁盘不能限制谁可以读，没有写入主密钥。"
        "请换一个磁盘，或加 --passphrase 用口令加密。"
    ),
    "passphrase_short": _("口令至少%(least)s个字符，没有写入。请换一个长的口令。"),
    "passphrase_needed": _(
        "主密钥的备份 %(path)s 是用口令加密的。"
        "请用 --passphrase 输入，或用 --passphrase-file 写明口令文件。"
    ),
    "passphrase_wrong": _("口令不对，打不开主密钥的备份 %(path)s，没有恢复。请核对口令后重试。"),
    "no_terminal": _("没有终端可以输入口令。请改用 --passphrase-file 写明口令文件。"),
    "passphrase_file": _("口令文件 %(path)s 读不出一行口令（%(reason)s）。请检查文件后重试。"),
    "restore_not_empty": _(
        "要恢复到的地方已有数据（%(place)s），没有恢复，什么也没有改动。"
        "请换一个空的工作目录（HOTLINE_HOME）或空的数据库。"
    ),
    "restore_other_key": _(
        "%(path)s 是另一把主密钥，与 %(key)s 不同，没有恢复，什么也没有改动。"
        "它若是新装时生成的、还没有用它保存过数据，请把它移到别处再恢复（见运维指南“恢复”）；"
        "若属于在用的数据，请换一个空的工作目录（HOTLINE_HOME）。"
    ),
    "restore_no_key": _(
        "主密钥要放到 %(path)s，而那里不能写入（%(reason)s），没有恢复，什么也没有改动。"
        "请让运行命令的账号能写那个文件夹，恢复以后再改回（见运维指南“恢复”）。"
    ),
    "restore_outbox": _(
        "%(path)s 已经存在，与备份中的不同，没有恢复。请先把 var/outbox 里的文件移到别处。"
    ),
    "restore_differs": _(
        "恢复出的数据与备份的清单不符，没有启用。请换用另一份备份，恢复到另一个空的数据库。"
    ),
    "upgrade_unsaved": _(
        "数据库的结构要升级到 %(needed)s，升级后不能退回，没有升级。"
        "请加 --backup 备份文件夹，先备份再升级；刚做过备份的，可以加 --no-backup。"
    ),
}

PICTURES: Final = {
    "picture_unreadable": _(
        "无法画出流程图：%(problem)s。请用流程图编辑器打开该文件，改正后重新保存。"
    ),
    "picture_undrawn": _(
        "文件里只有流程，没有图形的位置（BPMNDiagram）。请用流程图编辑器打开，画好后重新保存。"
    ),
    "picture_unplaced": _(
        "元素 %(element)s 没有位置，或坐标不是可用的数。请用流程图编辑器重新摆放，再保存。"
    ),
    "picture_too_large": _(
        "流程图太大：有 %(found)s 个图形或折点，最多画 %(most)s 个。请把流程拆成几个文件。"
    ),
    "picture_no_page": _("这个文件只有 %(pages)s 页，没有第 %(page)s 页。请改写页号。"),
}

SENTENCES: Final[dict[str, str]] = {
    **GENERAL,
    **FILES,
    **SETTINGS,
    **KEYS,
    **STORE,
    **RECORD,
    **ACCESS,
    **FLOW,
    **ACTS,
    **ANNOUNCEMENTS,
    **DOORS,
    **BACKUP,
    **PICTURES,
}
"""Every code and its sentence; a code stands in one subject only (a test sees to it)."""
