# Runs for the folder.
import sys, os
import beside
print(__name__, os.path.basename(sys.argv[0]), beside.X)
