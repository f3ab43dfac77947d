// Package diagnostics reads what roles say: the topic of decisions, by search,
// since a time or while it grows, and the newest status of each destination.
//
// It is what the monitor, commands and a console share. Roles write these
// topics by themselves and do not read them here.
package diagnostics
