import numpy as np

WEIGHTS = np.zeros(43)
