"""Lines without burnish from the logits of an exported graph to an answer."""

from __future__ import annotations

LABEL = """scaled = (logits[0].astype(float) + settings["offsets"]) / settings["temperature"]
shares = np.exp(scaled - np.logaddexp.reduce(scaled))
votes = -(shares @ np.array(settings["costs"])) if settings["costs"] else shares * settings["decision_weights"]
answer, probabilities = settings["labels"][votes.argmax()], dict(zip(settings["labels"], shares.tolist()))
print(json.dumps({"answer": answer, "probabilities": probabilities}))
"""
VECTOR = """calibrator = settings["calibrator"]
factors, summands = ([calibrator[k][n] for n in settings["labels"]] for k in ("factors", "summands"))
scaled = np.array(factors) * np.log(np.maximum(shares, TINY)) + summands
shares = np.exp(scaled - np.logaddexp.reduce(scaled))
"""
ISOTONIC = """curves = [settings["calibrator"]["curves"][name] for name in settings["labels"]]
steps = [np.interp(p, c["probabilities"], c["calibrated"]) for p, c in zip(shares, curves)]
shares = (1 - STRICT) * np.array(steps) + STRICT * shares
shares /= shares.sum()
"""
"""Lines that calibrate, before the votes."""
EACH_SIGMOID = """calibrator = settings["calibrator"]
factors = np.array([calibrator["factors"].get(n, 1.0) for n in settings["labels"]])
summands = np.array([calibrator["summands"].get(n, 0.0) for n in settings["labels"]])
scaled = factors * (np.log(np.maximum(odds, TINY)) - np.log(np.maximum(1 - odds, TINY))) + summands
odds = np.exp(-np.logaddexp(0, -scaled))
"""
EACH_ISOTONIC = """for place, name in enumerate(settings["labels"]):
    if name in settings["calibrator"]["curves"]:
        curve = settings["calibrator"]["curves"][name]
        step = np.interp(odds[place], curve["probabilities"], curve["calibrated"])
        odds[place] = (1 - STRICT) * step + STRICT * odds[place]
"""
"""The same of several labels, before the thresholds."""
LABELS = """odds = 1 / (1 + np.exp(-(logits[0].astype(float) + settings["offsets"]) / settings["temperature"]))
probabilities = dict(zip(settings["labels"], odds.tolist()))
answer = [name for name, value in probabilities.items() if value >= settings["thresholds"][name]]
print(json.dumps({"answer": answer, "probabilities": probabilities}))
"""
SCORE = """print(json.dumps({"answer": float(logits.reshape(-1)[0]) * settings["scale"] + settings["mean"]}))
"""
TAGS = """tags = {}
for word, tag in zip(row.word_ids, logits[0].argmax(-1)):
    if word is not None:
        tags.setdefault(word, settings["labels"][tag])
print(json.dumps({"answer": [tags.get(word, "O") for word in range(len(sys.argv) - 1)]}))
"""
