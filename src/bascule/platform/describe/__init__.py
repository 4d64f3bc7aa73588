"""Writes down what exists in Azure in the words of a platform's file."""
