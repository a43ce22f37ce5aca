"""What benchmarks measure with: processes, arrivals, metrics of services, a broker of their own."""
