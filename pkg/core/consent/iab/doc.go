// Package iab reads the strings of the Interactive Advertising Bureau in which
// consent tools keep a visitor's choices: the TC string of the Transparency and
// Consent Framework, and the string of the Global Privacy Platform with the
// sections that it holds.
//
// It tells what a string says and what is wrong with it. What that means for a
// purpose, a place or a destination is for package consent.
//
// The readers are strict: a string is believed only where every bit of it is
// accounted for. Their work is bounded by the length of the string, they
// allocate nothing, and no input makes them panic.
//
// Sources, read on 2026-11-29: InteractiveAdvertisingBureau/
// Global-Privacy-Platform at b27beb4 (Core/Consent String Specification.md and
// the pages below Sections), GDPR-Transparency-and-Consent-Framework at 10b489e
// (IAB Tech Lab - Consent string and vendor list formats v2.md, with the text of
// 2.3), USPrivacy at f8d659f (US Privacy String.md).
package iab

//go:generate go test -count=1 -run ^TestSectionsAreUpToDate$ . -args -update
