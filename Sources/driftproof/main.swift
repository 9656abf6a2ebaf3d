print("driftproof")
