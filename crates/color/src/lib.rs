//! ColorEngine over ocio, recipes, YUV to RGB and LUT kernels on pixel slices.
