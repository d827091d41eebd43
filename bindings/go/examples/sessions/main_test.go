package main

func Example() {
	main()
	// Output:
	// after 20m0s of silence: true ada
	// after 25m0s of silence: true ada
	// after 31m0s of silence: false
}
