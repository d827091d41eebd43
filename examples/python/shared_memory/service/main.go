// Service makes offers of what an agent in Python (agent.py) has learned of a user, in the memory that both share.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	lgstore "lgstore/bindings/go"
)

// A like is what the agent remembers of something that the user likes.
type like struct {
	Thing string `json:"thing"`
	Said  string `json:"said"`
}

// An offer is what the agent will tell the user.
type offer struct {
	Text string `json:"text"`
	By   string `json:"by"`
}

// visits is how often the user was served, by agent and service together.
type visits struct {
	Count int `json:"count"`
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: service <file:path, scylla://host/keyspace> <user>")
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, place, user string) error {
	store, err := lgstore.Open(ctx, place)
	if err != nil {
		return err
	}
	defer store.Close()

	offers := lgstore.Typed[offer](store, "users", user, "offers")
	likes := lgstore.Typed[like](store, "users", user, "likes")
	for liked, err := range likes.Search(ctx, lgstore.SearchQuery{}) {
		if err != nil {
			return err
		}
		made := offer{"Today " + liked.Value.Thing + " is half price.", "the Go service"}
		if err := offers.Put(ctx, liked.Key, made, lgstore.TTL(24*time.Hour)); err != nil {
			return err
		}
		fmt.Println("offered:", liked.Value.Thing)
	}

	counted, err := lgstore.Typed[visits](store, "users", user).Update(ctx, "visits",
		func(before visits) (visits, error) { return visits{before.Count + 1}, nil })
	if err != nil {
		return err
	}
	fmt.Println("visits:", counted.Count)
	return nil
}
