"""Who answers for an item: bodies and persons named in labels (责任单位:…), by verbs (由…牵头, 会同…) or as subjects of a clause.

Objects of a clause (督促单位…, 对…开展) are no owners; a body is one only where the sentence makes it act.
"""

from wanghuo.engines.workplan.owners.finding import each_once, find_owners

__all__ = ["each_once", "find_owners"]
