"""Controllers of what runs: Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs."""
