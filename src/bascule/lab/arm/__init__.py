"""The lab's Azure: Azure Resource Manager, sign-in, Graph, and what they stand for."""
