"""Azure Monitor of the lab: metrics of application gateways, by the minute and late."""
