# Beside __main__.
X = 1
