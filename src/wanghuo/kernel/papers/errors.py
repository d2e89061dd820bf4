"""What can be wrong with a paper, in words for whoever writes, approves or answers it."""

from __future__ import annotations

from wanghuo.base import AppError, Conflict, Invalid, Text


class UnknownKind(Invalid):
    code = "papers.unknown_kind"
    text = Text("没有“{kind}”这种文书。", "There is no kind of paper “{kind}”.")


class BadField(Invalid):
    """A field of the paper that is missing or not in its form; `field` names it."""

    code = "papers.bad_field"
    text = Text("“{label}”{why}。", "“{label}” {why}.")


class NoIssuer(Invalid):
    code = "papers.no_issuer"
    text = Text(
        "{region}没有登记发文机关“{issuer}”；请先在“机构”页登记。",
        "{region} has no body “{issuer}” to issue it; register one under “Organisations” first.",
    )


class NoAddressee(Invalid):
    code = "papers.no_addressee"
    text = Text("请至少选择一个主送机关。", "Choose at least one addressee.")


class ReplyInPast(Invalid):
    code = "papers.reply_in_past"
    text = Text("回复期限须晚于现在。", "The day of the answer must lie in the future.")


class ApproverIsDrafter(AppError):
    code = "papers.approver_is_drafter"
    status = 403
    text = Text(
        "起草人不能签发自己的文书；请由其他有权人签发。",
        "Whoever drafted a paper may not approve it; another person must.",
    )


class ReceiverIsSender(AppError):
    code = "papers.receiver_is_sender"
    status = 403
    text = Text(
        "发文经办人不能代收文机关签收或回复。", "Whoever sent the paper may not sign or answer for the addressee."
    )


class NotTheAddressee(AppError):
    code = "papers.not_the_addressee"
    status = 403
    text = Text("只有“{name}”自己的人员可以签收和回复。", "Only the people of “{name}” may sign and answer.")


class AcceptorIsAnswerer(AppError):
    code = "papers.acceptor_is_answerer"
    status = 403
    text = Text("回复人不能采纳自己的回复。", "Whoever gave the answer may not accept it.")


class NothingToReply(Conflict):
    code = "papers.nothing_to_reply"
    text = Text("这份文书不要求回复。", "This paper asks for no answer.")


class FileDamaged(AppError):
    code = "papers.file_damaged"
    status = 500
    text = Text(
        "已用印的文件与登记的摘要不符，停止下载；请联系系统管理员。",
        "The sealed file does not match its recorded digest, so it is not handed out; tell the system administrator.",
    )


class BadSeal(Invalid):
    code = "papers.bad_seal"
    text = Text(
        "请上传白底或透明底的 PNG 印章图片。", "Upload the picture of the seal as PNG, on white or transparent ground."
    )
