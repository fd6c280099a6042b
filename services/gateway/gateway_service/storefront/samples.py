"""Sample products for an empty shop."""

SAMPLES = (
    ("Desk lamp", "39.90", 25),
    ("Oak stool", "84.00", 12),
    ("Wool blanket", "59.50", 30),
    ("Stoneware mug", "14.20", 80),
    ("Wall clock", "46.00", 9),
    ("Linen apron", "32.75", 18),
    ("Cast-iron pan", "71.00", 6),
    ("Reading chair", "249.00", 3),
)
