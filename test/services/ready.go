package services

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ask bounds one question; starting services refuse or hang.
const ask = 3 * time.Second

// Ready asks the service once whether it works.
func (p *Process) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ask)
	defer cancel()
	// A quick look first: a client's own retries would turn a refused
	// connection into seconds.
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.spec.Address)
	if err != nil {
		return err
	}
	_ = conn.Close() // only the connecting mattered
	switch p.spec.Kind {
	case kafkaKind:
		return kafkaReady(ctx, p.spec.Address, p.set.state.Config.Brokers)
	case registryKind:
		return registryReady(ctx, "http://"+p.spec.Address+registryPath)
	case redisKind:
		return redisReady(ctx, p.spec.Address)
	case sentinelKind:
		_, err := askSentinel(ctx, p.spec.Address)
		return err
	default:
		return fmt.Errorf("asking %s: kind %q is unknown", p.spec.Name, p.spec.Kind)
	}
}

// kafkaReady wants the broker to be registered, and a controller. The other
// brokers may be down: a restart must not wait for them.
func kafkaReady(ctx context.Context, address string, _ int) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.RequestRetries(0))
	if err != nil {
		return err
	}
	defer client.Close()
	brokers, err := kadm.NewClient(client).BrokerMetadata(ctx)
	if err != nil {
		return err
	}
	for _, b := range brokers.Brokers {
		if net.JoinHostPort(b.Host, fmt.Sprint(b.Port)) == address && brokers.Controller >= 0 {
			return nil
		}
	}
	return errors.New("the broker is not registered yet")
}

func registryReady(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/subjects", nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the registry answers %s", res.Status)
	}
	return nil
}

func redisReady(ctx context.Context, address string) error {
	client := redis.NewClient(redisOptions(address))
	return errors.Join(client.Ping(ctx).Err(), client.Close())
}

// askSentinel gives the primary's address as one sentinel knows it.
func askSentinel(ctx context.Context, address string) (string, error) {
	client := redis.NewSentinelClient(redisOptions(address))
	at, err := client.GetMasterAddrByName(ctx, SentinelMaster).Result()
	if err = errors.Join(err, client.Close()); err != nil {
		return "", err
	}
	if len(at) != 2 {
		return "", fmt.Errorf("sentinel %s answers %d fields: want host and port", address, len(at))
	}
	return net.JoinHostPort(at[0], at[1]), nil
}

func redisOptions(address string) *redis.Options {
	return &redis.Options{
		Addr: address, MaxRetries: -1, DialTimeout: ask,
		// They resolve names and outlive the question.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}
