// Package e2e_test runs the built binary in processes of its own, as an
// operator does: against embedded services that live in this process or in
// that of `sluice demo --serve`. What is proved here needs real signals, real
// sockets and exit codes; everything else has faster tests beside its code.
package e2e_test
