// Package demo runs the whole pipeline in one process on embedded services,
// sends traffic through it, and proves with an accounting of its own that
// everything that should have arrived did, once.
package demo
