//! Native standard-library modules that need no operating system.
