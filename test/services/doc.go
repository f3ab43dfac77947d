// Package services starts the real Kafka, schema registry and Redis as plain
// local processes, for tests and for trying things out. `make services-up`,
// `services-down` and `services-status` are thin wrappers around it.
//
//	set, err := services.Start(ctx, services.Config{Brokers: 3, Registry: true, Redis: true})
//	defer set.Stop(context.Background())
//	broker := set.Process("kafka-2")
//	err = broker.Kill()             // SIGKILL, returns when it is gone
//	err = broker.Start(ctx)         // same port, same data, returns when it answers
//
// Everything listens on 127.0.0.1 and nowhere else, on ports that were free.
// What is started is remembered in a state file with each process's id and the
// moment it began, so that another process can find, report and stop it
// ([Open], [List]), and a process id that was given to somebody else meanwhile
// is never signalled.
//
// Downloads are made once, with the ordinary clients of the package
// registries (Maven for Kafka and Apicurio, apt-get for Redis where it is not
// installed), into the folder that [Root] names. Java 17 or later and Maven
// have to be there; [MissingError] says what is not.
//
// Where addresses of somebody's own services stand in the environment
// ([FromEnvironment]), nothing has to be started.
package services
