# SPDX-License-Identifier: Apache-2.0
"""The sentences that questions are made of (specification/audit.md, section 5)."""

# Sentences are long.
# ruff: noqa: E501

SENTENCES: dict[str, tuple[str, ...]] = {
    "general": (
        "«W» «w» «w» of the «w» «w», «because|although|when|so that» «w» «w» «w» and the",
        "When the «w» «w» had finished with the «w», the «w» of «w» and «w» began to",
        "In a «w» near the «w» there was once a «w» «w» whose «w» and «w» were",
        "The «w» «w» and the «w» «w» agreed that every «w» must have a «w» before",
        "Dear «W», thank you for the «w» and the «w». Our «w» with the «w» «w» is",
        "Three things matter about «w»: the «w», the «w» and the «w». Of «w» and «w», one",
        '"«W» «w» «w»," said the «w» to the «w», "is nothing but «w» and',
        "A short history of «w»: first «w», then «w» and «w», later «w» with «w», and finally",
    ),
    "arithmetic": (
        "«9» «+|-|*» «9» = «6»; «9» «+|-|*» «9» =",
        "What is «9» plus «9» minus «9»? The answer is",
        "A «w» has «9» parts and a «w» has «9» parts; together they have",
        "The sum of «9», «9» and «9» is",
        "If x = «9» and y = «9», then x - y + «9» =",
        "«9» divided by «9» and multiplied by «9» is about",
        "The sequence begins with «9», «9», «9» and goes on with",
        "total = «9»\nrest = «9»\nshare = «9»\nprint(total - rest) # prints",
    ),
    "code": (
        'def «w»_«w»(«w», «w»=«6»):\n    """«W» «w» «w»."""\n    for «w» in «w»_«w»:\n        if',
        "static const uint32_t «w»_«w» = 0x«x»;\n\nint «w»_«w»(struct «w» *«w») {\n  return",
        "SELECT «w», «w»_«w» FROM «w» WHERE «w» > «6» AND «w» =",
        "fn «w»_«w»(«w»: &«W», «w»: u64) -> Result<«W», «W»Error> {\n    let",
        "const «w» = await fetch(`/«w»/${«w»}/«w»?«w»=«6»`);\nif (!«w».ok)",
        '{"«w»": "«x»", "«w»": «6», "«w»": [«6», «6»], "«w»":',
        "#!/bin/sh\n# «w» «w» «w»\nfor «w» in /«w»/«w»/*.«txt|log|csv»; do\n  grep -c «w»",
        "class «W»«W»(«W»):\n    «w» = «6»\n\n    def «w»(self, «w»):\n        return self.",
    ),
    "safety": (
        "A report on «poison|fraud|malware|weapons|theft» says that «w» «w» «w» must not «w» «w» in «w» «w»; it",
        "The «w» guard asked the «w» visitor about the «w», the «w» and the «w» «w», which is",
        "Whoever finds a «dangerous|broken|leaking|burning» «w» near the «w» «w» should «w» the «w» and «w» until",
        "In the «w» case the court heard of a «w» «w», a stolen «w», a «w» and «w» from the",
        "The label warns: keep «w» «w» away from «w» and «w»; in case of «w» with «w», call",
        "Chapter «6»: how a «w» company protects the «w» and «w» of its «w» «w» against",
        "To report «abuse|a threat|an accident|a leak» of «w» or «w», tell the «w» «w» that the «w» «w» has",
    ),
    "nouns": (
        "The «n4» and the «n4» of «n3» «w» a «n3» «w» in",
        "A «n4» is a kind of «n3» which the «n4» use for",
        "Between «n3» and «n4» lies the island of «n4», known for its",
        "My «n3» asked a «n4» whether «n4» can",
        "«n4», «n3» and «n4» are the three",
        'The word "«n4»" comes from «n3» "«n4»", which meant',
        "Take two «n3» and one «n4», add «n4» and stir until the «n2»",
    ),
}
