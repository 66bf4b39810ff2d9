"""Flows run where nothing leaves: an embedded tenant in memory, a clock that stands, mocks.

Stage       one tenant, one store, one clock; runs flows one after the other
mocks       what stands for steps and for HTTP exchanges
replay      a recorded execution against an edited flow
"""
