"""Orders x complaints -> the two daily tables of exposure, and the window over them."""
